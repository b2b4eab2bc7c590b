"""What the Gradio app shows: one file a tab."""
