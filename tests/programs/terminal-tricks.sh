printf '\033[2J\033[H\033]52;c;ZXZpbA==\007\033]0;title\007\033P$qm\033\\\033[6n\033[c\033[?1049h\033#8\n'
printf '\033]8;;javascript:alert(1)\033\\click\033]8;;\033\\\r\b\v\f\016\017\n'
printf '\u202etxt.exe\u202c \u200b\u2066\n'
