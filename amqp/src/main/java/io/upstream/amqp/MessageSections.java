// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.amqp.engine.AmqpReader;
import io.upstream.amqp.engine.AmqpStructure;
import io.upstream.amqp.engine.MalformedMessageException;

/** The sections of which a message is made (AMQP 1.0 section 3.2): their descriptors, and what each may hold. */
final class MessageSections {
    static final int HEADER = 0x70;
    static final int DELIVERY_ANNOTATIONS = 0x71;
    static final int ANNOTATIONS = 0x72;
    static final int PROPERTIES = 0x73;
    static final int APPLICATION = 0x74;
    static final int DATA = 0x75;
    static final int VALUE = 0x77;
    static final int FOOTER = 0x78;

    private static final int BINARY8 = 0xa0;
    private static final int BINARY32 = 0xb0;

    /** A descriptor as everybody writes it: 0x00, 0x53 for a small unsigned long, the code. */
    private static final int USUAL_DESCRIPTOR = 3;

    private MessageSections() {}

    /** Where the value begins of the section that begins at {@code at}. */
    static int value(byte[] in, int at) throws MalformedMessageException {
        return isUsual(in, at) ? at + USUAL_DESCRIPTOR : AmqpStructure.skip(in, at + 1, in.length);
    }

    private static boolean isUsual(byte[] in, int at) {
        return in.length - at > USUAL_DESCRIPTOR && in[at] == 0 && in[at + 1] == 0x53;
    }

    /** The descriptor of a section: a code below 256. */
    static int code(byte[] in, int at, int value) throws MalformedMessageException {
        return isUsual(in, at) ? in[at + 2] & 0xff : new AmqpReader(in, at, value).sectionCode();
    }

    /** Whether a section tells something about the message. */
    static boolean isHeader(int code) {
        return code == ANNOTATIONS || code == PROPERTIES || code == APPLICATION;
    }

    /** Complains of a section that is none, or whose value is of a type that does not belong there. */
    static void require(int code, int type) throws MalformedMessageException {
        boolean right = switch (code) {
            case HEADER, DELIVERY_ANNOTATIONS, FOOTER -> true;
            case ANNOTATIONS, APPLICATION -> type == 0xc1 || type == 0xd1;
            case PROPERTIES -> type == 0x45 || type == 0xc0 || type == 0xd0;
            case DATA -> type == BINARY8 || type == BINARY32;
            case VALUE -> true; // is looked at when the payload is made of it
            default -> throw new MalformedMessageException("a section 0x" + Integer.toHexString(code));
        };
        if (!right) {
            throw new MalformedMessageException("a section of the wrong type");
        }
    }

    /** How many bytes come before those of a binary. */
    static int binaryHead(int type) {
        return type == BINARY8 ? 2 : 5;
    }
}
