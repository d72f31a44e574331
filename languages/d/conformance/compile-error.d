void main()
{
    nosuch();
}
