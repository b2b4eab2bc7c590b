"""The mathematics of MarginScope: faces, networks, margins, measures. It knows no screen."""
