#include "agent-frames.h"

#include <string.h>

struct reader reader_of(const struct frame *frame)
{
    return (struct reader){.at = frame->payload, .left = frame->length};
}

uint64_t read_number(struct reader *reader, size_t bytes)
{
    uint64_t value = 0;
    if (reader->left < bytes)
        fault("a frame that is too short");
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | reader->at[i];
    reader->at += bytes;
    reader->left -= bytes;
    return value;
}

const char *read_text(struct reader *reader)
{
    const char *text = (const char *)reader->at;
    size_t length = strnlen(text, reader->left);
    if (length == reader->left)
        fault("a text without its NUL");
    reader->at += length + 1;
    reader->left -= length + 1;
    return text;
}

void put_number(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

void send_about(enum agent_frame type, uint32_t id, const void *payload, size_t length)
{
    uint8_t *at = transport_reserve(4 + length);
    put_number(at, id, 4);
    if (length > 0)
        memcpy(at + 4, payload, length);
    transport_commit((enum frame_type)type, 4 + length);
}

void send_failed(uint32_t id, int error)
{
    uint8_t number[4];
    put_number(number, (uint64_t)error, sizeof number);
    send_about(AGENT_FAILED, id, number, sizeof number);
}

bool room_for_answer(void)
{
    return transport_room() >= MAX_PAYLOAD;
}
