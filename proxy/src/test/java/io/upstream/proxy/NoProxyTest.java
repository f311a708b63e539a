// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.HostPort;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;

class NoProxyTest {

    @ParameterizedTest(name = "F140 noproxy-table {0}: [{1}] {2}:{3} {4}")
    @CsvFileSource(resources = "no-proxy.csv", numLinesToSkip = 1)
    void sendsToTheProxyOrPastIt(int row, String list, String host, int port, String expected) {
        boolean direct = NoProxy.parse(list).itemFor(new HostPort(host, port)).isPresent();
        assertEquals(expected, direct ? "direct" : "proxy", "row " + row);
    }

    @ParameterizedTest(name = "[{0}] {1}:{2} {3}")
    @CsvSource(
            delimiter = '!',
            value = {
                "10.0.0.0/8:443 ! 10.0.0.1 ! 443 ! proxy",
                "0.0.0.0/0 ! ::1:2 ! 443 ! proxy",
                "::/0 ! 10.0.0.1 ! 443 ! proxy",
                "** ! hub ! 443 ! proxy",
                "'' ! ::ffff:127.0.0.1 ! 443 ! direct",
                "'' ! localhost. ! 443 ! direct",
                "'' ! LOCALHOST ! 443 ! direct",
                "'' ! notlocalhost ! 443 ! proxy",
                "http://u:p@hub:443/x ! hub ! 443 ! proxy",
                "*hub ! myhub ! 443 ! direct",
                "*.1 ! 10.0.0.1 ! 443 ! proxy",
                "10.0.0.4/30 ! 10.0.0.7 ! 443 ! direct",
                "10.0.0.4/30 ! 10.0.0.8 ! 443 ! proxy"
            })
    void goesToTheProxyInDoubt(String list, String host, int port, String expected) {
        boolean direct = NoProxy.parse(list).itemFor(new HostPort(host, port)).isPresent();
        assertEquals(expected, direct ? "direct" : "proxy");
    }

    @ParameterizedTest
    @CsvSource({
        "hub:0",
        "hub:99999",
        "hub:abc",
        ":443",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/8a",
        "10.0.0.0/",
        "a*c.example",
        "2001:db8::/129",
        ".",
        "..corp",
        "[hub]"
    })
    void warnsOfAnItemThatItIgnores(String item) {
        NoProxy exceptions = NoProxy.parse("good," + item);
        assertEquals(1, exceptions.warnings().size(), exceptions.warnings().toString());
        assertTrue(
                exceptions.warnings().get(0).contains("'" + item + "'"),
                exceptions.warnings().toString());
    }

    @Test
    void exceptsNotEvenThisMachineWithoutAList() {
        assertTrue(NoProxy.nothing().itemFor(new HostPort("localhost", 443)).isEmpty());
    }
}
