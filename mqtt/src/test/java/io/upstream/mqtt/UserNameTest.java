// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.Identity;
import io.upstream.UpstreamOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UserNameTest {
    @ParameterizedTest(name = "{2} {3} {4}")
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "d|-|-|-|-|hub.test/d/?api-version=2021-04-12&DeviceClientType=upstream-java",
                "d|m|-|-|-|hub.test/d/m/?api-version=2021-04-12&DeviceClientType=upstream-java",
                "d|-|gate/1 (e&f=g)|-|-|hub.test/d/?api-version=2021-04-12&DeviceClientType=upstream-java%20gate%2F1%20%28e%26f%3Dg%29",
                "d|-|-|dtmi:com:example:Thermostat;1|-|hub.test/d/?api-version=2021-04-12&DeviceClientType=upstream-java&model-id=dtmi%3Acom%3Aexample%3AThermostat%3B1",
                "leaf|-|-|-|leaf;edge-1|hub.test/leaf/?api-version=2021-04-12&DeviceClientType=upstream-java&auth-chain=leaf%3Bedge-1",
                "e|m|-|dtmi:a;1|e/m;e|hub.test/e/m/?api-version=2021-04-12&DeviceClientType=upstream-java&auth-chain=e%2Fm%3Be&model-id=dtmi%3Aa%3B1",
            })
    void hasTheHubsForm(String device, String module, String product, String model, String chain, String expected) {
        UpstreamOptions.Builder options = UpstreamOptions.forHub("hub.test").gateway("edge.test");
        if (product != null) {
            options.productInfo(product);
        }
        if (model != null) {
            options.modelId(model);
        }
        if (chain != null) {
            options.authChain(chain);
        }
        Identity identity = module == null ? Identity.device(device) : Identity.module(device, module);
        assertEquals(expected, UserName.of(identity, options.build()));
    }
}
