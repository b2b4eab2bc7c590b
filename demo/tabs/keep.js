language => {
  const url = new URL(location);
  url.searchParams.set('lang', language);
  history.replaceState(history.state, '', url);
}
