// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.SentMessage;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Sends messages to devices and tells what became of them. */
final class CloudMessageRequests {
    private static final int MESSAGE_NOT_FOUND = 404_000;
    private static final String APPLICATION = "iothub-app-";
    private static final Map<String, String> SYSTEM = Map.of(
            "iothub-messageid", "message-id",
            "iothub-correlationid", "correlation-id",
            "iothub-userid", "user-id",
            "iothub-to", "to",
            "iothub-contenttype", "content-type",
            "iothub-contentencoding", "content-encoding",
            "iothub-expiry", "absolute-expiry-time",
            "iothub-ack", "ack");

    private final HubCore hub;

    CloudMessageRequests(HubCore hub) {
        this.hub = hub;
    }

    /** The body is the payload, the headers are the properties; an application property's name keeps its case. */
    FullHttpResponse send(String deviceId, FullHttpRequest request) throws HubException {
        Map<String, String> system = new LinkedHashMap<>();
        Map<String, String> application = new LinkedHashMap<>();
        for (Map.Entry<String, String> header : request.headers()) {
            String name = header.getKey().toLowerCase(Locale.ROOT);
            String systemName = SYSTEM.get(name);
            if (systemName != null) {
                system.put(systemName, utf8(header.getValue()));
            } else if (name.startsWith(APPLICATION) && name.length() > APPLICATION.length()) {
                application.put(header.getKey().substring(APPLICATION.length()), utf8(header.getValue()));
            } else if (name.startsWith("iothub-")) {
                throw new HubException(HubError.MALFORMED, "there is no system property for the header " + name);
            }
        }
        byte[] body = ByteBufUtil.getBytes(request.content());
        SentMessage sent = hub.sendToDevice(deviceId, new HubMessage(system, application, body));
        return found(sent);
    }

    /** HTTP hands header values on octet by octet; those that are UTF-8 are taken as that. */
    private static String utf8(String octets) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(octets.getBytes(StandardCharsets.ISO_8859_1)))
                    .toString();
        } catch (CharacterCodingException e) {
            return octets;
        }
    }

    FullHttpResponse outcome(String deviceId, String messageId) throws HubException {
        hub.get(HubIdentity.device(deviceId));
        hub.sweep();
        Optional<SentMessage> sent = hub.cloudMessage(deviceId, messageId);
        if (sent.isPresent()) {
            return found(sent.get());
        }
        return Replies.error(
                HttpResponseStatus.NOT_FOUND,
                MESSAGE_NOT_FOUND,
                "device " + deviceId + " was sent no message of this id, or too many since");
    }

    private static FullHttpResponse found(SentMessage sent) {
        return Replies.json(HttpResponseStatus.OK, json -> {
            json.writeStringField("messageId", sent.messageId());
            json.writeNumberField("sequenceNumber", sent.sequenceNumber());
            json.writeStringField("outcome", sent.state().toString());
            json.writeNumberField("deliveryCount", sent.deliveryCount());
        });
    }
}
