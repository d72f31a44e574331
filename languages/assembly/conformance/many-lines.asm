global _start

section .bss
line: resb 16

section .text
; rdi: the number. Writes it from its last digit, backwards.
show:
    mov rsi, line + 15
    mov byte [rsi], 10
    mov eax, edi
    mov ecx, 10
.digit:
    xor edx, edx
    div ecx
    add dl, '0'
    dec rsi
    mov [rsi], dl
    test eax, eax
    jnz .digit
    mov rdx, line + 16
    sub rdx, rsi
    mov eax, 1
    mov edi, 1
    syscall
    ret

_start:
    mov ebx, 1
.next:
    mov edi, ebx
    call show
    inc ebx
    cmp ebx, 100000
    jle .next
    mov eax, 60
    xor edi, edi
    syscall
