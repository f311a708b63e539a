// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.messaging.AmqpValue;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.MessageAnnotations;
import org.apache.qpid.proton.codec.WritableBuffer;
import org.apache.qpid.proton.message.Message;

/** The messages on twin and method links, by proton-j's own message type: they have one body section at most. */
final class PairMessages {
    /** Above what the encoding adds to a body: annotations, ids, a method's name. */
    private static final int OVERHEAD_BYTES = 4 * 1024;

    private PairMessages() {}

    static Message decode(byte[] payload) throws HubException {
        Message message = Proton.message();
        try {
            message.decode(payload, 0, payload.length);
            return message;
        } catch (RuntimeException | StackOverflowError e) { // whatever the decoder trips over
            throw new HubException(HubError.MALFORMED, "the payload is not an AMQP message");
        }
    }

    /** The body's bytes; those of a string in UTF-8; none without a body. */
    static byte[] body(Message message) throws HubException {
        if (message.getBody() == null) {
            return new byte[0];
        }
        Object content = message.getBody() instanceof Data data
                ? data.getValue()
                : message.getBody() instanceof AmqpValue value ? value.getValue() : null;
        if (content instanceof Binary binary) {
            byte[] bytes = new byte[binary.getLength()];
            System.arraycopy(binary.getArray(), binary.getArrayOffset(), bytes, 0, bytes.length);
            return bytes;
        }
        if (content instanceof String text) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        throw new HubException(HubError.MALFORMED, "the body must be a Data section");
    }

    static Map<Symbol, Object> annotations(Message message) {
        MessageAnnotations annotations = message.getMessageAnnotations();
        return annotations == null || annotations.getValue() == null ? Map.of() : annotations.getValue();
    }

    static byte[] encode(Message message, byte[] body) {
        message.setBody(body.length == 0 ? null : new Data(new Binary(body)));
        return encode(message, body.length);
    }

    /** With a body section even if there is nothing in it. */
    static byte[] encodeWithBody(Message message, byte[] body) {
        message.setBody(new Data(new Binary(body)));
        return encode(message, body.length);
    }

    private static byte[] encode(Message message, int bodyLength) {
        WritableBuffer.ByteBufferWrapper buffer =
                WritableBuffer.ByteBufferWrapper.allocate(OVERHEAD_BYTES + bodyLength);
        message.encode(buffer);
        byte[] bytes = new byte[buffer.position()];
        buffer.byteBuffer().flip().get(bytes);
        return bytes;
    }
}
