const std = @import("std");

fn sum(n: u32) u32 {
    if (n == 0) return 0;
    // Read again after the call: the compiler makes no loop of it.
    var here = n;
    const again: *volatile u32 = &here;
    const below = sum(n - 1);
    return below + again.*;
}

pub fn main() !void {
    var buffer: [16]u8 = undefined;
    try std.fs.File.stdout().writeAll(try std.fmt.bufPrint(&buffer, "{d}\n", .{sum(10_000)}));
}
