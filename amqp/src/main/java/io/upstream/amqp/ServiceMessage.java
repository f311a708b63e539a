// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.amqp.engine.AmqpReader;
import io.upstream.amqp.engine.MalformedMessageException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message of one of the hub's services, taken apart: a reply about a twin, a change of it, a call of a method. There are few of them,
 * and the correlation id is kept as it was encoded, because it goes back to the hub bit by bit.
 */
final class ServiceMessage {
    private static final int CORRELATION_ID = 5;
    private static final byte[] NONE = {};

    private Map<?, ?> annotations = Map.of();
    private Map<?, ?> application = Map.of();
    private byte[] correlation = NONE;
    private @Nullable String correlationText;
    private byte[] body = NONE;

    private ServiceMessage() {}

    /** Takes the encoded message. */
    static ServiceMessage read(byte[] encoded) throws MalformedMessageException {
        AmqpReader in = new AmqpReader(encoded, 0, encoded.length);
        ServiceMessage message = new ServiceMessage();
        while (in.hasMore()) {
            int code = in.sectionCode();
            int from = in.position();
            message.section(code, in.value());
            if (code == MessageSections.PROPERTIES) {
                int after = in.position();
                in.position(from);
                message.correlation(in, encoded);
                in.position(after);
            }
        }
        return message;
    }

    private void section(int code, @Nullable Object value) throws MalformedMessageException {
        switch (code) {
            case MessageSections.HEADER, MessageSections.DELIVERY_ANNOTATIONS, MessageSections.FOOTER -> {}
            case MessageSections.ANNOTATIONS -> annotations = require(Map.class, value);
            case MessageSections.PROPERTIES -> require(List.class, value);
            case MessageSections.APPLICATION -> application = require(Map.class, value);
            case MessageSections.DATA -> append(require(byte[].class, value));
            case MessageSections.VALUE -> append(bytes(value));
            default -> throw new MalformedMessageException("a section 0x" + Integer.toHexString(code));
        }
    }

    /** A body that says nothing, or text, stands for the data that a hub sends. */
    private static byte[] bytes(@Nullable Object value) throws MalformedMessageException {
        if (value == null) {
            return NONE;
        }
        return value instanceof String text ? text.getBytes(StandardCharsets.UTF_8) : require(byte[].class, value);
    }

    private void append(byte[] more) {
        int length = body.length;
        body = length == 0 ? more : Arrays.copyOf(body, length + more.length);
        if (length > 0) {
            System.arraycopy(more, 0, body, length, more.length);
        }
    }

    private static <T> T require(Class<T> type, @Nullable Object value) throws MalformedMessageException {
        if (!type.isInstance(value)) {
            throw new MalformedMessageException("a section of the wrong type");
        }
        return type.cast(value);
    }

    /** Reads the list of properties as far as the id. */
    private void correlation(AmqpReader in, byte[] encoded) throws MalformedMessageException {
        if (in.enterList() <= CORRELATION_ID) {
            return;
        }
        for (int i = 0; i < CORRELATION_ID; i++) {
            in.skip();
        }
        int from = in.position();
        correlationText = in.text();
        correlation = correlationText == null ? NONE : Arrays.copyOfRange(encoded, from, in.position());
    }

    /** As it was encoded; empty if there is none. Not to be changed. */
    byte[] correlation() {
        return correlation;
    }

    /** As text, whatever its type; null if there is none. */
    @Nullable
    String correlationText() {
        return correlationText;
    }

    /** A message annotation that is a number, of whatever type, or 0. */
    long number(String annotation) {
        Object value = annotations.get(annotation);
        if (value instanceof Long number) {
            return number;
        }
        try {
            return value instanceof String text ? Long.parseLong(text) : 0;
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    /** An application property as text; null if absent. */
    @Nullable
    String property(String name) {
        return InboundMessage.text(application.get(name));
    }

    /** Its own; empty if there is none. */
    byte[] body() {
        return body;
    }

    String bodyText() {
        return new String(body, StandardCharsets.UTF_8);
    }
}
