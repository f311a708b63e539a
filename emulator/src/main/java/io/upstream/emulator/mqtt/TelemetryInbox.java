// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes what one connection publishes. */
final class TelemetryInbox {
    static final String RETAIN = "mqtt-retain";
    private static final String DUPLICATE = "mqtt-dup";
    /** What Netty's decoder makes of octets that are not UTF-8. */
    private static final char NOT_UTF_8 = '\ufffd';

    private static final Logger LOG = LoggerFactory.getLogger(TelemetryInbox.class);

    private final Hub hub;
    private final HubIdentity identity;
    private final Topics topics;
    private @Nullable Will will;

    TelemetryInbox(Hub hub, HubIdentity identity, Topics topics, @Nullable Will will) {
        this.hub = hub;
        this.identity = identity;
        this.topics = topics;
        this.will = will;
    }

    /** Borrows the packet; when this returns the hub has the message. */
    void accept(MqttPublishMessage publish) throws HubException {
        if (publish.fixedHeader().qosLevel() == MqttQoS.EXACTLY_ONCE) {
            throw new HubException(HubError.MALFORMED, "QoS 2 is not supported");
        }
        String topic = publish.variableHeader().topicName();
        if (topic.indexOf(NOT_UTF_8) >= 0 || topic.indexOf('\0') >= 0) {
            throw new HubException(HubError.MALFORMED, "the topic is not UTF-8 without U+0000");
        }
        Map<String, String> bag = topics.telemetryBag(topic);
        if (publish.fixedHeader().isRetain() || publish.fixedHeader().isDup()) {
            bag = new LinkedHashMap<>(bag);
            if (publish.fixedHeader().isRetain()) {
                bag.put(RETAIN, "true");
            }
            if (publish.fixedHeader().isDup()) {
                bag.put(DUPLICATE, "true");
            }
        }
        hub.accept(identity, SystemProperties.message(bag, ByteBufUtil.getBytes(publish.payload())));
    }

    /** The client has said goodbye, so its will counts for nothing (MQTT 3.1.1 section 3.14.4). */
    void forgetWill() {
        will = null;
    }

    /** The connection ended without goodbye. */
    void executeWill() {
        Will last = will;
        will = null;
        if (last == null) {
            return;
        }
        try {
            hub.accept(identity, last.message());
        } catch (HubException e) {
            LOG.debug("the will of {} was refused: {}", identity, e.getMessage());
        }
    }
}
