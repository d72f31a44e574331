const std = @import("std");

pub fn main() !void {
    var buffer: [256]u8 = undefined;
    var writer = std.fs.File.stdout().writer(&buffer);
    var words = std.process.args();
    _ = words.skip();
    while (words.next()) |word| try writer.interface.print("[{s}]\n", .{word});
    try writer.interface.flush();
}
