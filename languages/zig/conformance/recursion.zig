const std = @import("std");

fn sum(n: u32) u32 {
    return if (n == 0) 0 else n + sum(n - 1);
}

pub fn main() !void {
    var buffer: [16]u8 = undefined;
    try std.fs.File.stdout().writeAll(try std.fmt.bufPrint(&buffer, "{d}\n", .{sum(10_000)}));
}
