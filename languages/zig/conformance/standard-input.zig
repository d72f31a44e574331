const std = @import("std");

pub fn main() !void {
    var taken: [4096]u8 = undefined;
    var given: [4096]u8 = undefined;
    var reader = std.fs.File.stdin().reader(&taken);
    var writer = std.fs.File.stdout().writer(&given);
    while (try reader.interface.takeDelimiter('\n')) |line| try writer.interface.print("[{s}]\n", .{line});
    try writer.interface.flush();
}
