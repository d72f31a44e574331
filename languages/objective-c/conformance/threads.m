#import <Foundation/Foundation.h>

@interface Adder : NSOperation {
@public
    int first, last, total;
}
@end

@implementation Adder
- (void)main {
    for (int n = first; n <= last; n++) total += n;
}
@end

int main(void) {
    @autoreleasepool {
        Adder *lower = [Adder new], *upper = [Adder new];
        lower->first = 1;
        lower->last = 50;
        upper->first = 51;
        upper->last = 100;
        NSOperationQueue *queue = [NSOperationQueue new];
        [queue addOperation:lower];
        [queue addOperation:upper];
        [queue waitUntilAllOperationsAreFinished];
        printf("%d\n", lower->total + upper->total);
    }
}
