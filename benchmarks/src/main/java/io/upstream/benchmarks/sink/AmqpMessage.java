// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.upstream.benchmarks.load.Payload;

/** Finds the payload and the application properties of a message (AMQP 1.0 part 3 section 3.2). */
final class AmqpMessage {
    static final int PROPERTIES = 0x73;
    private static final int APPLICATION_PROPERTIES = 0x74;
    private static final int DATA = 0x75;

    private AmqpMessage() {}

    /** The cursor is at the message's first section and goes to its end. */
    static void inspect(AmqpCursor cursor, ByteBuf in, Inspector inspector) throws ProtocolViolation {
        int properties = 0;
        int payload = 0;
        int length = 0;
        while (!cursor.isAtEnd()) {
            switch (cursor.descriptor()) {
                case APPLICATION_PROPERTIES -> properties = properties(cursor);
                case DATA -> {
                    length = cursor.binary();
                    payload = cursor.index();
                    cursor.advance(length);
                }
                default -> cursor.skip();
            }
        }
        inspector.message(in, payload, length, properties);
    }

    /** Those that a client adds for an IoT Hub do not count. */
    private static int properties(AmqpCursor cursor) throws ProtocolViolation {
        int elements = cursor.elements();
        if (elements == 2 * Payload.PROPERTIES) {
            cursor.skip(elements);
            return Payload.PROPERTIES;
        }
        int count = 0;
        for (int i = 0; i < elements; i += 2) {
            if (!cursor.text().startsWith("iothub-")) {
                count++;
            }
            cursor.skip();
        }
        return count;
    }
}
