template <int Depth> struct Deep { static const int value = Deep<Depth + 1>::value; };
int main() { return Deep<0>::value; }
