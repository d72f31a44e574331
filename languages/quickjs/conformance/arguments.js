for (const word of scriptArgs.slice(1)) console.log(`[${word}]`)
