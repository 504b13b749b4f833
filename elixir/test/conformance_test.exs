defmodule Klime.ConformanceTest do
  # The vectors that all faces of the SDK share; `conformance/README.md` says how a case is run.
  use ExUnit.Case, async: true

  alias Klime.{JSONReader, Server}

  @folder Path.expand("../../conformance", __DIR__)
  @files ~w(wire.json limits.json answers.json input.json lifecycle.json)
  @reasons ~w(queue_full too_large invalid before_send closed shutdown_deadline disabled worker_died)a

  for file <- @files, %{"name" => name} <- @folder |> Path.join(file) |> File.read!() |> JSONReader.decode!() do
    @external_resource Path.join(@folder, file)
    @tag vector: {file, name}
    test "#{file}: #{name}", %{vector: {file, name}} do
      cases = @folder |> Path.join(file) |> File.read!() |> JSONReader.decode!()
      run(Enum.find(cases, &(&1["name"] == name)))
    end
  end

  test "every file of vectors is run" do
    assert @folder |> File.ls!() |> Enum.filter(&(&1 =~ ~r/\.json$/)) |> Enum.sort() == Enum.sort(@files)
  end

  test "placeholders match values of their form only" do
    uuid = "6f1d5c9e-0c5b-4f0a-9a51-2d3f4b5c6d7e"
    other = "00000000-0000-4000-8000-000000000001"

    matching = [
      {"{{uuid}}", uuid},
      {"{{timestamp}}", "2026-11-23T15:20:00.123Z"},
      {"{{fill}}", "xx"},
      {1, 1.0},
      {%{"a" => [1]}, %{"a" => [1]}}
    ]

    for {expected, actual} <- matching, do: assert(%{} = compare(%{}, "it", expected, actual))

    differing = [
      {"{{uuid}}", String.upcase(uuid)},
      {"{{uuid}}", String.replace(uuid, "-4", "-1")},
      {"{{timestamp}}", "2026-11-23T15:20:00Z"},
      {"{{fill}}", "xy"},
      {%{"a" => 1}, %{}},
      {%{}, %{"a" => nil}},
      {[1], [1, 2]},
      {["{{uuid:a}}", "{{uuid:a}}"], [uuid, other]},
      {["{{uuid:a}}", "{{uuid:b}}"], [uuid, uuid]}
    ]

    for {expected, actual} <- differing do
      assert_raise ExUnit.AssertionError, fn -> compare(%{}, "it", expected, actual) end
    end
  end

  defp run(vector) do
    server = vector["answers"] |> expand() |> Enum.map(&answer/1) |> Server.start()
    test = self()

    callbacks = [
      on_success: fn _ -> send(test, :on_success) end,
      on_error: fn error, events -> send(test, {:on_error, described(error, events)}) end,
      on_drop: fn reason, events -> send(test, {:on_drop, reason, length(events)}) end
    ]

    settings = [
      write_key: "test-key",
      endpoint: Server.url(server),
      flush_interval: 3_600_000,
      retry_initial_delay: 1,
      max_in_flight: 1,
      shutdown_timeout: 60_000
    ]

    options = for {name, value} <- vector["options"] || %{}, do: option(name, value, server)
    {:ok, client} = Klime.Client.start_link(settings |> Keyword.merge(callbacks) |> Keyword.merge(options))

    calls = expand(vector["calls"])
    for call <- calls, do: assert(make(client, call) == :ok)

    if List.last(calls)["call"] != "shutdown" do
      :ok = Klime.flush(client, 60_000)
      :ok = Klime.shutdown(client)
    end

    compare_requests(expand(vector["requests"]), Server.requests(server))
    compare_outcome(vector["outcome"], Klime.stats(client))
  end

  # Settings, calls and answers.

  defp option("endpoint", url, server), do: {:endpoint, String.replace(url, "{{server}}", Server.url(server))}
  defp option("overflow", overflow, _server), do: {:overflow, String.to_atom(overflow)}
  defp option(name, value, _server), do: {String.to_atom(name), value}

  defp make(client, %{"call" => "flush"}), do: Klime.flush(client, 60_000)
  defp make(client, %{"call" => "shutdown"}), do: Klime.shutdown(client)

  defp make(client, %{"call" => "track"} = call) do
    Klime.track(client, call["event"], call["properties"] || fill(call), options(call))
  end

  # An identify that has no user is given none; whom it also names is an option.
  defp make(client, %{"call" => "identify"} = call),
    do: Klime.identify(client, call["user_id"], call["traits"], options(call))

  defp make(client, %{"call" => "group"} = call),
    do: Klime.group(client, call["group_id"], call["traits"], options(call))

  defp options(call) do
    for key <- ~w(user_id group_id timestamp message_id ip),
        call[key] != nil,
        do: {String.to_atom(key), call[key]}
  end

  defp fill(%{"fill_event_to" => bytes} = call), do: %{"fill" => String.duplicate("x", bytes - unfilled_bytes(call))}
  defp fill(_call), do: nil

  # The length of a track event whose property `fill` is empty.
  defp unfilled_bytes(call) do
    ids =
      for {key, name} <- [{"user_id", "userId"}, {"group_id", "groupId"}], call[key], do: ~s("#{name}":"#{call[key]}",)

    library = ~s({"name":"#{Klime.LibraryInfo.name()}","version":"#{Klime.LibraryInfo.version()}"})

    byte_size(
      ~s({"type":"track","messageId":"#{String.duplicate("-", 36)}","timestamp":"#{String.duplicate("-", 24)}",) <>
        ~s("event":"#{call["event"]}",#{ids}"properties":{"fill":""},"context":{"library":#{library}}})
    )
  end

  defp answer(%{"fault" => fault}), do: %{fault: String.to_atom(fault)}

  defp answer(answer) do
    headers = for {name, value} <- answer["headers"] || %{}, into: %{}, do: {name, header(value)}
    body = if answer["body"], do: json(answer["body"]), else: answer["text"]
    body = body || if(answer["status"] != 200, do: "")
    %{status: answer["status"], headers: headers, body: body}
  end

  defp header("{{http_date+" <> seconds) do
    {seconds, "}}"} = Integer.parse(seconds)
    DateTime.utc_now() |> DateTime.add(seconds) |> Calendar.strftime("%a, %d %b %Y %H:%M:%S GMT")
  end

  defp header(value), do: value

  defp json(value) do
    {:ok, json} = Klime.Native.encode(value, 1_000_000)
    json
  end

  # Comparing.

  defp compare_requests(expected, actual) do
    assert length(actual) == length(expected)

    Enum.zip(expected, actual)
    |> Enum.reduce(%{}, fn {expected, actual}, named -> compare_request(named, expected, actual) end)
  end

  defp compare_request(named, expected, actual) do
    assert {actual.method, actual.path} == {"POST", expected["path"] || "/v1/batch"}
    assert %{"content-type" => "application/json", "authorization" => "Bearer test-key"} = actual.headers
    for {name, value} <- expected["headers"] || %{}, do: assert(actual.headers[name] == value)
    if expected["min_delay"], do: assert(actual.delay >= expected["min_delay"])

    if expected["complete"] == false do
      named
    else
      compare_body(named, expected, actual)
    end
  end

  defp compare_body(named, expected, actual) do
    if expected["body_bytes"], do: assert(byte_size(actual.body) == expected["body_bytes"])
    assert Map.keys(JSONReader.decode!(actual.body)) == ["batch"]
    if expected["named"], do: assert(Enum.map(actual.events, & &1["event"]) == expand(expected["named"]))
    if expected["events"], do: compare(named, "batch", expand(expected["events"]), actual.events), else: named
  end

  # Compares, and returns the message ids that the case has named so far.
  defp compare(named, place, %{} = expected, %{} = actual) do
    assert {place, Enum.sort(Map.keys(actual))} == {place, Enum.sort(Map.keys(expected))}
    Enum.reduce(expected, named, fn {key, value}, named -> compare(named, "#{place}.#{key}", value, actual[key]) end)
  end

  defp compare(named, place, expected, actual) when is_list(expected) and is_list(actual) do
    assert {place, length(actual)} == {place, length(expected)}

    expected
    |> Enum.zip(actual)
    |> Enum.with_index()
    |> Enum.reduce(named, fn {{expected, actual}, index}, named ->
      compare(named, "#{place}.#{index}", expected, actual)
    end)
  end

  defp compare(named, place, "{{" <> _ = expected, actual) when is_binary(actual) do
    case expected |> String.trim_leading("{{") |> String.trim_trailing("}}") do
      "uuid" ->
        assert_form(named, place, actual, ~r/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)

      "uuid:" <> name ->
        compare_named(compare(named, place, "{{uuid}}", actual), place, name, actual)

      "timestamp" ->
        assert_form(named, place, actual, ~r/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

      "library.name" ->
        compare(named, place, "elixir-sdk", actual)

      "library.version" ->
        compare(named, place, Klime.LibraryInfo.version(), actual)

      "fill" ->
        assert_form(named, place, actual, ~r/^x*$/)
    end
  end

  defp compare(named, place, expected, actual) do
    assert {place, actual} == {place, expected}
    named
  end

  defp assert_form(named, place, actual, form) do
    assert actual =~ form, "#{place} is #{actual}"
    named
  end

  defp compare_named(named, place, name, actual) do
    case named do
      %{^name => known} -> assert {place, actual} == {place, known}
      _ -> refute actual in Map.values(named), "#{place} is that of another event"
    end

    Map.put(named, name, actual)
  end

  defp compare_outcome(expected, stats) do
    for key <- ~w(enqueued accepted rejected failed pending)a do
      assert {key, stats[key]} == {key, expected[Atom.to_string(key)] || 0}
    end

    assert stats.enqueued ==
             stats.accepted + stats.rejected + stats.failed + stats.pending + Enum.sum(Map.values(stats.dropped))

    told = told()
    assert Enum.count(told, &(&1 == :on_success)) == (expected["on_success"] || 0)

    for reason <- @reasons do
      wanted = get_in(expected, ["dropped", Atom.to_string(reason)]) || 0
      assert {reason, stats.dropped[reason]} == {reason, wanted}
      shown = Enum.sum(for {:on_drop, ^reason, count} <- told, do: count)
      # After a shutdown nothing need be left that calls it.
      if reason != :closed, do: assert({reason, shown} == {reason, wanted})
    end

    errors = for {:on_error, described} <- told, do: described
    wanted = expected["on_error"] || []
    assert length(errors) == length(wanted)

    for {error, wanted} <- Enum.zip(errors, wanted),
        {key, value} <- wanted,
        do: assert({key, shown(error[key], value)} == {key, value})
  end

  defp shown(events, count) when is_list(events) and is_integer(count), do: length(events)
  defp shown(value, _wanted), do: value

  defp described(error, events) do
    kind = Map.fetch!(%{rejected: "rejected", status: "status", network: "no_answer"}, error.kind)

    %{
      "kind" => kind,
      "status" => error.status_code,
      "attempts" => error.attempts,
      "events" => Enum.map(events, & &1.event)
    }
  end

  defp told do
    receive do
      :on_success -> [:on_success | told()]
      {what, _} = told when what == :on_error -> [told | told()]
      {:on_drop, _, _} = told -> [told | told()]
    after
      0 -> []
    end
  end

  # Repeats.

  defp expand(nil), do: []

  defp expand(entries) do
    Enum.flat_map(entries, fn
      %{"repeat" => copies, "of" => entry} = repeat ->
        first = repeat["from"] || 0

        for number <- Enum.take(Stream.iterate(first, &(&1 + 1)), copies),
            do: numbered(entry, Integer.to_string(number))

      entry ->
        [entry]
    end)
  end

  defp numbered(text, number) when is_binary(text), do: String.replace(text, "{{i}}", number)
  defp numbered(list, number) when is_list(list), do: Enum.map(list, &numbered(&1, number))
  defp numbered(%{} = map, number), do: Map.new(map, fn {key, value} -> {key, numbered(value, number)} end)
  defp numbered(other, _number), do: other
end
