global _start

section .data
open: db "["
close: db "]", 10

section .text
_start:
    lea rbx, [rsp + 16]
.next:
    mov r12, [rbx]
    test r12, r12
    jz .done
    mov rsi, open
    mov rdx, 1
    call write
    mov rsi, r12
    xor edx, edx
.length:
    cmp byte [rsi + rdx], 0
    je .found
    inc rdx
    jmp .length
.found:
    call write
    mov rsi, close
    mov rdx, 2
    call write
    add rbx, 8
    jmp .next
.done:
    mov eax, 60
    xor edi, edi
    syscall
write:
    mov eax, 1
    mov edi, 1
    syscall
    ret
