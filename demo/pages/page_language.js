// Tells the browser which language the page speaks: screen readers and hyphenation need it. And
// gives style.css the word on Streamlit's upload button, which Streamlit has in English alone.
export default function ({ data }) {
  document.documentElement.lang = data.language;
  document.documentElement.style.setProperty("--upload", JSON.stringify(data.upload));
}
