// Tells the browser which language the page speaks: screen readers and hyphenation need it.
export default function ({ data }) {
  document.documentElement.lang = data;
}
