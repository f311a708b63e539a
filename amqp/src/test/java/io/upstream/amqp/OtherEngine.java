// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;

/** The server's half of a connection as other people wrote it: takes every link, and settles what comes as accepted. */
abstract class OtherEngine {
    static final int CREDIT = 64;

    /** What came, in order. */
    final Queue<Plain> received = new ArrayDeque<>();

    /** How many of the messages that it sent are accepted and settled. */
    int accepted;

    /**
     * A message that each of the codecs can make and read.
     *
     * @param id the message's id
     * @param type the content's
     * @param properties the application's
     * @param body compared by content
     */
    record Plain(String id, String type, Map<String, String> properties, ByteBuffer body) {}

    /** Whether it takes frames that are cut anywhere. */
    abstract boolean takesPieces();

    abstract void feed(byte[] bytes);

    /** What it has to say. */
    abstract byte[] drain();

    /** How many messages it may send. */
    abstract int credit();

    abstract void send(Plain message);
}
