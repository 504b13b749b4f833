# By the documentation of Jason 1.4: an answer, or an error for text that is none and for terms without an encoder. What its encoders
# are not made for, as a list that is improper, raises.
defmodule Jason.EncodeError do
  @moduledoc false
  defexception [:message]
end

defprotocol Jason.Encoder do
  @moduledoc false
  @fallback_to_any true
  def encode(value, options)
end

defmodule Jason.Encode do
  @moduledoc false

  def value(nil, _options), do: "null"
  def value(value, _options) when is_boolean(value), do: Atom.to_string(value)
  def value(value, options) when is_atom(value), do: value |> Atom.to_string() |> value(options)
  def value(value, _options) when is_binary(value), do: [?", text(value, value), ?"]
  def value(value, _options) when is_integer(value), do: Integer.to_string(value)
  def value(value, _options) when is_float(value), do: Float.to_string(value)
  def value(value, options) when is_list(value), do: [?[, value |> elements(options) |> Enum.intersperse(?,), ?]]
  def value(value, options) when is_struct(value), do: Jason.Encoder.encode(value, options)

  def value(value, options) when is_map(value),
    do: [?{, value |> Enum.map(&pair(&1, options)) |> Enum.intersperse(?,), ?}]

  def value(value, options), do: Jason.Encoder.encode(value, options)

  defp elements([head | tail], options), do: [value(head, options) | elements(tail, options)]
  defp elements([], _options), do: []

  defp pair({key, value}, options), do: [value(to_string(key), options), ?:, value(value, options)]

  defp text(<<char::utf8, rest::binary>>, whole) when char in [?", ?\\] or char < 0x20,
    do: ["\\u", char |> Integer.to_string(16) |> String.pad_leading(4, "0") | text(rest, whole)]

  defp text(<<char::utf8, rest::binary>>, whole), do: [<<char::utf8>> | text(rest, whole)]
  defp text("", _whole), do: []

  defp text(<<byte, _::binary>>, whole) do
    throw(%Jason.EncodeError{message: "invalid byte 0x#{Integer.to_string(byte, 16)} in #{inspect(whole)}"})
  end
end

defimpl Jason.Encoder, for: [Date, Time, NaiveDateTime, DateTime] do
  def encode(time, _options), do: [?", @for.to_iso8601(time), ?"]
end

defimpl Jason.Encoder, for: Any do
  def encode(value, _options), do: raise(Protocol.UndefinedError, protocol: Jason.Encoder, value: value)
end

defmodule Jason do
  @moduledoc false

  def encode_to_iodata(input, options \\ []) do
    {:ok, Jason.Encode.value(input, options)}
  rescue
    error in Protocol.UndefinedError -> {:error, error}
  catch
    :throw, %Jason.EncodeError{} = error -> {:error, error}
  end
end
