// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.Receipt;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes what one connection publishes. */
final class TelemetryInbox {
    static final String RETAIN = "mqtt-retain";
    private static final String DUPLICATE = "mqtt-dup";

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

    /** Borrows the packet; when this returns the hub has the message. Whether it is to be acknowledged is the answer. */
    Receipt accept(MqttPublishMessage publish) throws HubException {
        Map<String, String> bag = topics.telemetryBag(publish.variableHeader().topicName());
        if (publish.fixedHeader().isRetain() || publish.fixedHeader().isDup()) {
            bag = new LinkedHashMap<>(bag);
            if (publish.fixedHeader().isRetain()) {
                bag.put(RETAIN, "true");
            }
            if (publish.fixedHeader().isDup()) {
                bag.put(DUPLICATE, "true");
            }
        }
        return hub.take(identity, List.of(SystemProperties.message(bag, ByteBufUtil.getBytes(publish.payload()))));
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
            hub.take(identity, List.of(last.message()));
        } catch (HubException e) {
            LOG.debug("the will of {} was refused: {}", identity, e.getMessage());
        }
    }
}
