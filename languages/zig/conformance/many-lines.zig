const std = @import("std");

pub fn main() !void {
    var buffer: [4096]u8 = undefined;
    var writer = std.fs.File.stdout().writer(&buffer);
    for (1..100_001) |i| try writer.interface.print("{d}\n", .{i});
    try writer.interface.flush();
}
