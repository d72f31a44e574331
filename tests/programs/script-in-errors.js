throw new Error('</pre><script>alert(document.cookie)</script><img src=x onerror=alert(1)>')
