// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.FailureKind;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A source of messages that hands them to a sender, one after the other, and returns after the last. */
@FunctionalInterface
interface Feed {
    /** Far beyond the hub's own limit of 256 KiB, which the session reports; this one only bounds the memory of a line. */
    int MAX_LINE = 1 << 20;

    void into(Sender sender) throws IOException, InterruptedException;

    /** What every message of a run carries beside its payload. */
    record Envelope(
            Map<String, String> properties, @Nullable String contentType) {
        static final Envelope EMPTY = new Envelope(Map.of(), null);

        Telemetry around(byte[] payload) {
            Telemetry telemetry = Telemetry.of(payload);
            for (Map.Entry<String, String> property : properties.entrySet()) {
                telemetry = telemetry.property(property.getKey(), property.getValue());
            }
            return contentType == null ? telemetry : telemetry.system(SystemProperty.CONTENT_TYPE, contentType);
        }
    }

    /** The payload of message number {@code n}, from 1. */
    @FunctionalInterface
    interface Payloads {
        byte[] payload(long n);
    }

    static Feed generated(long count, Payloads payloads, Envelope envelope) {
        return sender -> {
            for (long n = 1; n <= count; n++) {
                sender.send(n, envelope.around(payloads.payload(n)));
            }
        };
    }

    /** Each line is a message, an empty one too; numbers are line numbers. */
    static Feed lines(InputStream in, Envelope envelope) {
        return sender -> {
            Lines lines = new Lines(in, MAX_LINE);
            for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
                byte[] bytes = line.bytes();
                if (bytes == null) {
                    sender.skip(line.number(), tooLong());
                } else {
                    sender.send(line.number(), envelope.around(bytes));
                }
            }
        };
    }

    private static UpstreamException tooLong() {
        return UpstreamException.of(
                FailureKind.TOO_LARGE,
                Where.here("send"),
                "the line is longer than " + MAX_LINE + " bytes, and the hub takes 262144: send less in one message");
    }
}
