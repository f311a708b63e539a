// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import io.upstream.UpstreamProtocol;
import java.util.ArrayList;
import java.util.List;

/** Who speaks, and how: the rows of the contract. */
record Speaker(UpstreamProtocol protocol, Role role) {
    enum Role {
        DEVICE,
        MODULE
    }

    static List<Speaker> all() {
        List<Speaker> all = new ArrayList<>();
        for (UpstreamProtocol protocol : UpstreamProtocol.values()) {
            for (Role role : Role.values()) {
                all.add(new Speaker(protocol, role));
            }
        }
        return all;
    }

    /** Without the modules, where they differ in nothing but their names. */
    static List<Speaker> devices() {
        return all().stream().filter(speaker -> !speaker.isModule()).toList();
    }

    boolean isModule() {
        return role == Role.MODULE;
    }

    /** MQTT has no word for refusing a message, and a topic for its properties. */
    boolean isMqtt() {
        return protocol == UpstreamProtocol.MQTT || protocol == UpstreamProtocol.MQTT_WS;
    }

    @Override
    public String toString() {
        return protocol.wireName() + (isModule() ? " module" : " device");
    }
}
