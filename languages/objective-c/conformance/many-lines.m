#import <Foundation/Foundation.h>

int main(void) {
    @autoreleasepool {
        for (int i = 1; i <= 100000; i++) printf("%d\n", i);
    }
}
