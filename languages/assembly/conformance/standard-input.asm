global _start

section .bss
buffer: resb 4096

section .text
_start:
.next:
    xor eax, eax
    xor edi, edi
    mov rsi, buffer
    mov edx, 4096
    syscall
    test rax, rax
    jle .done
    mov rdx, rax
    mov eax, 1
    mov edi, 1
    mov rsi, buffer
    syscall
    jmp .next
.done:
    mov eax, 60
    xor edi, edi
    syscall
