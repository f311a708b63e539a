// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

/** Descriptors: what a frame's body is (AMQP 1.0 sections 2.7 and 5.3.3). */
final class Performative {
    static final int OPEN = 0x10;
    static final int BEGIN = 0x11;
    static final int ATTACH = 0x12;
    static final int FLOW = 0x13;
    static final int TRANSFER = 0x14;
    static final int DISPOSITION = 0x15;
    static final int DETACH = 0x16;
    static final int END = 0x17;
    static final int CLOSE = 0x18;
    static final int ERROR = 0x1d;
    static final int RECEIVED = 0x23;
    static final int SOURCE = 0x28;
    static final int TARGET = 0x29;
    static final int SASL_MECHANISMS = 0x40;
    static final int SASL_INIT = 0x41;
    static final int SASL_CHALLENGE = 0x42;
    static final int SASL_OUTCOME = 0x44;

    private Performative() {}
}
