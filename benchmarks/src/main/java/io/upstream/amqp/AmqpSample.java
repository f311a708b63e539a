// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.Telemetry;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.transport.Transfer;
import org.apache.qpid.proton.codec.AMQPDefinedTypes;
import org.apache.qpid.proton.codec.DecoderImpl;
import org.apache.qpid.proton.codec.EncoderImpl;
import org.apache.qpid.proton.codec.WritableBuffer;
import org.apache.qpid.proton.message.Message;

/** The message that all AMQP benchmarks send and receive: a message id, a content type, a property, one data section. */
final class AmqpSample {
    static final String MESSAGE_ID = "0f8fad5b-d9cb-469f-a165-70867728950e";
    static final String CONTENT_TYPE = "application/json";
    static final Map<String, Object> PROPERTIES = Map.of("alert", "false");

    /** A frame's header (AMQP 1.0 section 2.3.1). */
    static final int FRAME_HEADER = 8;

    /** More than a transfer and all sections but the data take. */
    static final int OVERHEAD = 512;

    private AmqpSample() {}

    static byte[] payload(int size) {
        byte[] body = new byte[size];
        new SplittableRandom(size).nextBytes(body);
        return body;
    }

    static Telemetry telemetry(byte[] payload) {
        return Telemetry.of(payload)
                .messageId(MESSAGE_ID)
                .contentType(CONTENT_TYPE)
                .property("alert", "false");
    }

    static EncoderImpl encoder() {
        DecoderImpl decoder = new DecoderImpl();
        EncoderImpl encoder = new EncoderImpl(decoder);
        AMQPDefinedTypes.registerAllTypes(decoder, encoder);
        return encoder;
    }

    static Message message(byte[] payload) {
        Message message = Proton.message();
        message.setMessageId(MESSAGE_ID);
        message.setContentType(CONTENT_TYPE);
        message.setApplicationProperties(new ApplicationProperties(PROPERTIES));
        message.setBody(new Data(new Binary(payload)));
        return message;
    }

    /** The sections as proton-j writes them. */
    static byte[] encoded(byte[] payload) {
        return encoded(message(payload), payload.length + OVERHEAD);
    }

    private static byte[] encoded(Message message, int most) {
        byte[] out = new byte[most];
        return Arrays.copyOf(out, message.encode(out, 0, out.length));
    }

    /** What proton-j reads in the sections, as it writes it: there is more than one encoding of a message. */
    static byte[] encodedAgain(byte[] sections) {
        Message message = Proton.message();
        message.decode(sections, 0, sections.length);
        return encoded(message, sections.length + OVERHEAD);
    }

    static Transfer transfer(int deliveryId, Binary tag) {
        Transfer transfer = new Transfer();
        transfer.setHandle(UnsignedInteger.ZERO);
        transfer.setDeliveryId(UnsignedInteger.valueOf(deliveryId));
        transfer.setDeliveryTag(tag);
        transfer.setMessageFormat(UnsignedInteger.ZERO);
        transfer.setSettled(false);
        return transfer;
    }

    /** One frame with a performative of proton-j's and what follows it. */
    static byte[] frame(int type, Object performative, byte[] rest, int offset, int length) {
        ByteBuffer out = ByteBuffer.allocate(FRAME_HEADER + OVERHEAD + length);
        out.position(FRAME_HEADER);
        EncoderImpl encoder = encoder();
        encoder.setByteBuffer(new WritableBuffer.ByteBufferWrapper(out));
        encoder.writeObject(performative);
        out.put(rest, offset, length);
        out.putInt(0, out.position()).putInt(4, 0x02_00_00_00 | type << 16);
        return Arrays.copyOf(out.array(), out.position());
    }
}
