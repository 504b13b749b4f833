defmodule Klime.DataTest do
  # The data modules, beyond their examples.
  use ExUnit.Case, async: true

  alias Klime.{BatchResponse, Event, EventContext, JSONReader, LibraryInfo, ValidationError}

  test "an event goes to the wire and back" do
    event =
      Event.new("group",
        group_id: "org",
        user_id: 42,
        traits: %{"plan" => "pro"},
        context: EventContext.new(ip: "203.0.113.7"),
        timestamp: DateTime.from_naive!(~N[2026-11-23 15:20:00.123456], "Etc/UTC")
      )

    assert Event.from_map(Event.to_map(event)) == event
    assert event.timestamp == "2026-11-23T15:20:00.123Z"

    assert event |> Event.to_json() |> JSONReader.decode!() == %{
             "type" => "group",
             "messageId" => event.message_id,
             "timestamp" => "2026-11-23T15:20:00.123Z",
             "groupId" => "org",
             "userId" => 42,
             "traits" => %{"plan" => "pro"},
             "context" => %{
               "library" => %{"name" => "elixir-sdk", "version" => LibraryInfo.version()},
               "ip" => "203.0.113.7"
             }
           }

    assert Event.estimate_size(event) == byte_size(Event.to_json(event))
  end

  test "times of other zones are sent in UTC" do
    time = %DateTime{
      year: 2026,
      month: 11,
      day: 23,
      hour: 16,
      minute: 20,
      second: 0,
      microsecond: {0, 0},
      zone_abbr: "CET",
      utc_offset: 3600,
      std_offset: 0,
      time_zone: "Europe/Berlin"
    }

    assert Event.new(:track, timestamp: time).timestamp == "2026-11-23T15:20:00.000Z"
    assert Event.new(:track, timestamp: ~N[2026-11-23 15:20:00.5]).timestamp == "2026-11-23T15:20:00.500Z"
  end

  test "empty properties are left out" do
    assert Event.to_map(Event.new(:track, event: "E", user_id: 1, properties: %{})) |> Map.has_key?("properties") ==
             false
  end

  test "ids differ" do
    ids = for _ <- 1..1000, uniq: true, do: Event.new(:track).message_id
    assert length(ids) == 1000
  end

  test "what is no event is refused by name" do
    assert_raise ArgumentError, "event type is :alias, it must be :track, :identify or :group", fn ->
      Event.new(:alias)
    end

    assert_raise ArgumentError, "event type is :alias, it must be :track, :identify or :group", fn ->
      Event.to_map(%Event{type: :alias})
    end

    assert_raise ArgumentError, "event type is nil, it must be track, identify or group", fn -> Event.from_map(%{}) end

    assert_raise ArgumentError, "properties.a is a tuple, which JSON cannot hold", fn ->
      Event.to_json(Event.new(:track, properties: %{a: {1}}))
    end
  end

  test "answers are read whatever the server says" do
    map = %{status: "ok", accepted: 1, failed: 1, errors: [%{index: 0, message: "m", code: "c"}, "odd"]}

    assert %BatchResponse{errors: [%ValidationError{index: 0, message: "m", code: "c"}]} =
             response = BatchResponse.from_map(map)

    assert BatchResponse.partial?(response)
    assert BatchResponse.from_map(%{"accepted" => -1, "errors" => nil}) == %BatchResponse{}
    assert ValidationError.from_map(%{"index" => "x"}) == %ValidationError{}
  end
end
