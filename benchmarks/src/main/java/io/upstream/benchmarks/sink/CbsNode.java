// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;

/** Claims based security as IoT Hubs speak it: answers each put-token on the link from {@code $cbs} with status 200. */
final class CbsNode {
    static final String ADDRESS = "$cbs";

    private static final int OK = 200;

    private final int channel;
    private final int handle;
    private int answered;

    CbsNode(int channel, int handle) {
        this.channel = channel;
        this.handle = handle;
    }

    /** The cursor is at the request's first section. The answer's correlation id is the request's message id, whatever its type. */
    void answer(AmqpCursor cursor, ByteBuf in, ByteBuf answers) throws ProtocolViolation {
        while (!cursor.isAtEnd()) {
            if (cursor.descriptor() == AmqpMessage.PROPERTIES && cursor.elements() > 0) {
                int id = cursor.index();
                cursor.skip();
                write(in, id, cursor.index() - id, answers);
                return;
            }
            cursor.skip();
        }
        throw new ProtocolViolation("a put-token without a message id");
    }

    private void write(ByteBuf in, int id, int idLength, ByteBuf answers) {
        int frame = AmqpWriter.beginFrame(answers, AmqpWriter.AMQP, channel);
        int transfer = AmqpWriter.beginList(answers, AmqpSession.TRANSFER, 5);
        AmqpWriter.uint(answers, handle);
        AmqpWriter.uint(answers, answered);
        AmqpWriter.binary(answers, "cbs-" + answered++);
        AmqpWriter.uint(answers, 0);
        AmqpWriter.flag(answers, true);
        AmqpWriter.endList(answers, transfer);
        int properties = AmqpWriter.beginList(answers, AmqpMessage.PROPERTIES, 6);
        for (int i = 0; i < 5; i++) {
            AmqpWriter.nil(answers);
        }
        answers.writeBytes(in, id, idLength);
        AmqpWriter.endList(answers, properties);
        answers.writeByte(0).writeByte(0x53).writeByte(0x74).writeByte(0xD1);
        int map = answers.writerIndex();
        answers.writeInt(0).writeInt(4);
        AmqpWriter.string(answers, "status-code");
        answers.writeByte(0x71).writeInt(OK);
        AmqpWriter.string(answers, "status-description");
        AmqpWriter.string(answers, "OK");
        AmqpWriter.endList(answers, map);
        answers.writeByte(0).writeByte(0x53).writeByte(0x77).writeByte(0x40);
        AmqpWriter.endFrame(answers, frame);
    }
}
