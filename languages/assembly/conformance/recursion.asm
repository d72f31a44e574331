global _start

section .bss
line: resb 16

section .text
; rdi: the number. Returns the sum of all up to it in rax.
sum:
    xor eax, eax
    test rdi, rdi
    jz .done
    push rdi
    dec rdi
    call sum
    pop rdi
    add rax, rdi
.done:
    ret

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
    mov edi, 10000
    call sum
    mov rdi, rax
    call show
    mov eax, 60
    xor edi, edi
    syscall
