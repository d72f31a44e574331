const std = @import("std");

fn add(first: u32, last: u32, total: *u32) void {
    for (first..last + 1) |n| total.* += @intCast(n);
}

pub fn main() !void {
    var lower: u32 = 0;
    var upper: u32 = 0;
    const a = try std.Thread.spawn(.{}, add, .{ 1, 50, &lower });
    const b = try std.Thread.spawn(.{}, add, .{ 51, 100, &upper });
    a.join();
    b.join();
    var buffer: [16]u8 = undefined;
    try std.fs.File.stdout().writeAll(try std.fmt.bufPrint(&buffer, "{d}\n", .{lower + upper}));
}
