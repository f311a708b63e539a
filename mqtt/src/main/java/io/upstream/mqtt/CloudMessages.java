// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.upstream.CloudMessage;
import io.upstream.Identity;
import io.upstream.SystemProperty;
import io.upstream.spi.HeaderFormat;
import org.jspecify.annotations.Nullable;

/**
 * Makes messages of what comes on the one topic that an identity has them from: to a device {@code …/devicebound/{bag}}, to a module
 * {@code …/inputs/{input}/{bag}}. Source: the hub's guide to MQTT, and "Routes" of IoT Edge. Confined to the event loop.
 */
final class CloudMessages {
    /** Reads {@code {input}/{bag}}. */
    private static final HeaderFormat INPUT = (message, payloadAt) -> {
        String rest = new String(message, 0, payloadAt, UTF_8);
        int slash = rest.indexOf('/');
        PropertyBag bag = PropertyBag.read(slash < 0 ? "" : rest.substring(slash + 1));
        bag.system().put(SystemProperty.INPUT_NAME, slash < 0 ? rest : rest.substring(0, slash));
        return bag.headers();
    };

    private final CloudTopic topic;
    private final boolean inputs;

    CloudMessages(CloudTopic topic, Identity identity) {
        this.topic = topic;
        this.inputs = identity.moduleId() != null;
    }

    /** The message that came, or null if its topic is another one, or names no input where it must. */
    @Nullable
    CloudMessage read(PublishView published) {
        int at = topic.bagAt(published);
        if (at < 0) {
            return null;
        }
        int rest = published.topicLength() - at;
        byte[] bytes = published.bytes(at);
        boolean unnamed = rest == 0 || bytes[0] == '/';
        return inputs && unnamed
                ? null
                : CloudMessage.of(bytes, rest, published.payloadLength(), inputs ? INPUT : PropertyBag.FORMAT);
    }
}
