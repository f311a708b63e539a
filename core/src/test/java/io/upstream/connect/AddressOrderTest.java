// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressOrderTest {
    private static final String BOTH = "10.0.0.1 10.0.0.2 2001:db8:0:0:0:0:0:1";

    private final AtomicLong clock = new AtomicLong();

    private static List<InetAddress> addresses(String text) {
        return Arrays.stream(text.split(" "))
                .map(NetUtil::createInetAddressFromIpAddressString)
                .toList();
    }

    private static String print(List<InetAddress> addresses) {
        return addresses.stream().map(InetAddress::getHostAddress).collect(Collectors.joining(" "));
    }

    private static String ordered(AddressOrder order, String text) {
        return print(order.of(addresses(text)));
    }

    /** RFC 8305 section 4, and the two properties of the platform. */
    @ParameterizedTest
    @CsvSource({
        "'', '', 10.0.0.1, 10.0.0.1",
        "'', '', 10.0.0.1 10.0.0.2, 10.0.0.1 10.0.0.2",
        "'', '', 10.0.0.1 10.0.0.2 fd00:0:0:0:0:0:0:1, fd00:0:0:0:0:0:0:1 10.0.0.1 10.0.0.2",
        "'', '', 10.0.0.1 fd00:0:0:0:0:0:0:1 fd00:0:0:0:0:0:0:2 fd00:0:0:0:0:0:0:3,"
                + " fd00:0:0:0:0:0:0:1 10.0.0.1 fd00:0:0:0:0:0:0:2 fd00:0:0:0:0:0:0:3",
        "'', true, 10.0.0.1 fd00:0:0:0:0:0:0:1, fd00:0:0:0:0:0:0:1 10.0.0.1",
        "'', false, fd00:0:0:0:0:0:0:1 10.0.0.1, 10.0.0.1 fd00:0:0:0:0:0:0:1",
        "true, '', fd00:0:0:0:0:0:0:1 10.0.0.1, 10.0.0.1 fd00:0:0:0:0:0:0:1",
        "'', system, 10.0.0.1 fd00:0:0:0:0:0:0:1, 10.0.0.1 fd00:0:0:0:0:0:0:1",
        "'', system, fd00:0:0:0:0:0:0:1 10.0.0.1, fd00:0:0:0:0:0:0:1 10.0.0.1",
    })
    void letsTheFamiliesTakeTurns(String ipv4Stack, String ipv6Addresses, String given, String expected) {
        assertEquals(expected, ordered(new AddressOrder(ipv4Stack, ipv6Addresses, clock::get), given));
    }

    @Test
    void beginsWithTheFamilyThatWonLastForTenMinutes() {
        AddressOrder order = new AddressOrder("", "", clock::get);
        order.won(addresses("10.0.0.2").get(0), addresses(BOTH));
        assertEquals("10.0.0.1 2001:db8:0:0:0:0:0:1 10.0.0.2", ordered(order, BOTH));

        clock.addAndGet(AddressOrder.REMEMBERED.toNanos() - 1);
        assertEquals("10.0.0.1 2001:db8:0:0:0:0:0:1 10.0.0.2", ordered(order, BOTH));
        clock.incrementAndGet();
        assertEquals("2001:db8:0:0:0:0:0:1 10.0.0.1 10.0.0.2", ordered(order, BOTH));
    }

    @Test
    void learnsNothingWhereThereWasNoChoice() {
        AddressOrder order = new AddressOrder("", "", clock::get);
        order.won(addresses("10.0.0.2").get(0), addresses("10.0.0.1 10.0.0.2"));
        assertEquals("2001:db8:0:0:0:0:0:1 10.0.0.1 10.0.0.2", ordered(order, BOTH));
    }
}
