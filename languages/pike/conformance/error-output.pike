int main() {
    write("out\n");
    werror("err\n");
    return 0;
}
