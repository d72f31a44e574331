const text: string = 'one'
const number: number = text
console.log(number)
