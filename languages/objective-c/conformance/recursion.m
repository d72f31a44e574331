#import <Foundation/Foundation.h>

@interface Adder : NSObject
- (int)sum:(int)n;
@end

@implementation Adder
- (int)sum:(int)n {
    return n == 0 ? 0 : n + [self sum:n - 1];
}
@end

int main(void) {
    @autoreleasepool {
        printf("%d\n", [[Adder new] sum:10000]);
    }
}
