// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** The least that a protocol takes. */
interface LimitProtocol {

    /** Says what must be said until messages may be sent. */
    void login(OutputStream out, DataInputStream in) throws IOException;

    /** The most bytes that {@link #encode} writes before the payload. */
    int headLength();

    void encode(byte[] payload, ByteBuffer out);

    /** Blocks for one acknowledging frame; gives how many messages it stands for. */
    int readAcks(DataInputStream in) throws IOException;
}
