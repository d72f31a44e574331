#import <Foundation/Foundation.h>

int main(int argc, char **argv) {
    @autoreleasepool {
        for (NSString *word in [[[NSProcessInfo processInfo] arguments] subarrayWithRange:NSMakeRange(1, argc - 1)]) {
            printf("[%s]\n", [word UTF8String]);
        }
    }
}
