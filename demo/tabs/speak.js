language => { document.documentElement.lang = language; }
