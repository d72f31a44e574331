#import <Foundation/Foundation.h>

int main(void) {
    @autoreleasepool {
        [NSException raise:@"Boom" format:@"went off"];
    }
}
