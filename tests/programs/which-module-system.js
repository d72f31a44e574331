console.log(typeof require, import.meta.url)
