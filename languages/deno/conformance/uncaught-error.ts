const text: string = 'boom'
throw new Error(text)
