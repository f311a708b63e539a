// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The numbers of faults that the tests of a class carry, where the names of what JUnit would run begin with them. */
final class TestNumbers {
    private static final Pattern NUMBERS = Pattern.compile("^((?:F\\d{2,3} )+)");

    private TestNumbers() {}

    static Set<String> of(Class<?> tests) throws ReflectiveOperationException {
        Set<String> numbers = new TreeSet<>();
        for (Method method : tests.getDeclaredMethods()) {
            if (!method.isAnnotationPresent(Disabled.class)) {
                names(tests, method).forEach(name -> numbers.addAll(in(name)));
            }
        }
        return numbers;
    }

    /** Those that {@code name} begins with. */
    static List<String> in(String name) {
        Matcher found = NUMBERS.matcher(name);
        return found.find() ? List.of(found.group(1).trim().split(" ", -1)) : List.of();
    }

    private static List<String> names(Class<?> tests, Method method) throws ReflectiveOperationException {
        DisplayName name = method.getAnnotation(DisplayName.class);
        if (method.isAnnotationPresent(Test.class)) {
            return name == null ? List.of() : List.of(name.value());
        }
        ParameterizedTest rows = method.getAnnotation(ParameterizedTest.class);
        if (rows == null) {
            return List.of();
        }
        if (!rows.name().startsWith("{0}")) {
            return List.of(rows.name());
        }
        return labels(tests, method);
    }

    private static List<String> labels(Class<?> tests, Method method) throws ReflectiveOperationException {
        CsvSource csv = method.getAnnotation(CsvSource.class);
        if (csv != null) {
            return Arrays.asList(csv.value());
        }
        MethodSource source = method.getAnnotation(MethodSource.class);
        if (source == null || source.value().length == 0 || source.value()[0].contains("#")) {
            return List.of();
        }
        Method factory = tests.getDeclaredMethod(source.value()[0]);
        factory.setAccessible(true);
        try (Stream<?> rows = (Stream<?>) factory.invoke(null)) {
            return rows.map(TestNumbers::label).toList();
        }
    }

    private static String label(Object row) {
        return String.valueOf(row instanceof Arguments arguments ? arguments.get()[0] : row);
    }
}
