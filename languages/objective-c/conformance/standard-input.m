#import <Foundation/Foundation.h>

int main(void) {
    @autoreleasepool {
        NSData *data = [[NSFileHandle fileHandleWithStandardInput] readDataToEndOfFile];
        NSString *text = [[NSString alloc] initWithData:data encoding:NSUTF8StringEncoding];
        NSArray *lines = [text componentsSeparatedByString:@"\n"];
        for (NSUInteger i = 0; i + 1 < [lines count]; i++) printf("[%s]\n", [[lines objectAtIndex:i] UTF8String]);
    }
}
