defmodule Klime.JSONReader do
  @moduledoc false
  # Reads JSON in tests on an Elixir that has no JSON. It takes what the core writes, and raises on everything else.

  def decode!(json) do
    {value, rest} = value(skip(json))
    "" = skip(rest)
    value
  end

  defp skip(<<space, rest::binary>>) when space in [?\s, ?\t, ?\r, ?\n], do: skip(rest)
  defp skip(rest), do: rest

  defp value("null" <> rest), do: {nil, rest}
  defp value("true" <> rest), do: {true, rest}
  defp value("false" <> rest), do: {false, rest}
  defp value("\"" <> rest), do: text(rest, [])
  defp value("[" <> rest), do: list(skip(rest), [])
  defp value("{" <> rest), do: object(skip(rest), %{})

  defp value(rest) do
    [number] = Regex.run(~r/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/, rest)
    {number(number), binary_part(rest, byte_size(number), byte_size(rest) - byte_size(number))}
  end

  defp number(text) do
    case Integer.parse(text) do
      {integer, ""} -> integer
      _ -> text |> Float.parse() |> elem(0)
    end
  end

  defp list("]" <> rest, values), do: {Enum.reverse(values), rest}

  defp list(rest, values) do
    {value, rest} = value(rest)

    case skip(rest) do
      "," <> rest -> list(skip(rest), [value | values])
      "]" <> rest -> {Enum.reverse([value | values]), rest}
    end
  end

  defp object("}" <> rest, object), do: {object, rest}

  defp object("\"" <> rest, object) do
    {key, rest} = text(rest, [])
    ":" <> rest = skip(rest)
    {value, rest} = value(skip(rest))
    false = Map.has_key?(object, key)
    object = Map.put(object, key, value)

    case skip(rest) do
      "," <> rest -> object(skip(rest), object)
      "}" <> rest -> {object, rest}
    end
  end

  defp text("\"" <> rest, parts), do: {parts |> Enum.reverse() |> IO.iodata_to_binary(), rest}

  defp text("\\u" <> <<hex::binary-size(4), rest::binary>>, parts) do
    case {String.to_integer(hex, 16), rest} do
      {high, "\\u" <> <<low::binary-size(4), rest::binary>>} when high in 0xD800..0xDBFF ->
        code = 0x10000 + (high - 0xD800) * 0x400 + (String.to_integer(low, 16) - 0xDC00)
        text(rest, [<<code::utf8>> | parts])

      {code, rest} ->
        text(rest, [<<code::utf8>> | parts])
    end
  end

  defp text(<<?\\, escaped, rest::binary>>, parts) do
    char =
      Map.fetch!(
        %{?" => "\"", ?\\ => "\\", ?/ => "/", ?n => "\n", ?r => "\r", ?t => "\t", ?b => "\b", ?f => "\f"},
        escaped
      )

    text(rest, [char | parts])
  end

  # All up to the next mark at once, since bodies of 10 MB are read.
  defp text(rest, parts) do
    {length, 1} = :binary.match(rest, ["\"", "\\"])
    <<plain::binary-size(length), rest::binary>> = rest
    true = length > 0 and String.valid?(plain) and not (plain =~ ~r/[\x00-\x1f]/)
    text(rest, [plain | parts])
  end
end
