template <int Depth, int Which> struct Bomb {
    static const int value = Bomb<Depth - 1, Which * 2>::value + Bomb<Depth - 1, Which * 2 + 1>::value;
};
template <int Which> struct Bomb<0, Which> { static const int value = 1; };
int main() { return Bomb<29, 0>::value; }
