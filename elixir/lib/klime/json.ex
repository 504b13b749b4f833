defmodule Klime.JSON do
  @moduledoc false
  # Events as JSON, by what the app has: Jason, else Elixir's JSON (1.18), else the Rust half.

  alias Klime.Native

  @compile {:no_warn_undefined, [Jason, JSON]}

  @type encoder :: :jason | :json | :native

  @doc "What encodes; decided once for the whole VM."
  @spec encoder() :: encoder()
  def encoder do
    :persistent_term.get(__MODULE__, nil) || choose(best())
  end

  @doc false
  @spec choose(encoder()) :: encoder()
  def choose(encoder) do
    :persistent_term.put(__MODULE__, encoder)
    encoder
  end

  defp best do
    cond do
      Code.ensure_loaded?(Jason) -> :jason
      Code.ensure_loaded?(JSON) and function_exported?(JSON, :encode_to_iodata!, 1) -> :json
      true -> :native
    end
  end

  @doc "JSON of an event on its way, or what about it cannot be JSON."
  @spec encode(map()) :: {:ok, iodata()} | {:error, String.t()}
  def encode(event) do
    encoder = encoder()

    case encode(encoder, event) do
      {:ok, json} -> {:ok, json}
      :too_deep -> {:error, "event is nested deeper than 100 levels"}
      :too_large -> {:error, "event is more than 2 MB of JSON, the most is 204800 bytes"}
      :error -> {:error, problem(encoder, event)}
    end
  end

  defp encode(:jason, term) do
    case Jason.encode_to_iodata(term) do
      {:ok, json} -> {:ok, json}
      {:error, _} -> :error
    end
  rescue
    _ -> :error
  catch
    _, _ -> :error
  end

  defp encode(:json, term) do
    {:ok, JSON.encode_to_iodata!(term)}
  rescue
    _ -> :error
  catch
    _, _ -> :error
  end

  defp encode(:native, term) do
    with :odd <- Native.encode(term), {:ok, plain} <- plain(term), :odd <- Native.encode(plain), do: :error
  end

  # What the Rust half cannot read, made plain.
  defp plain(term) do
    {:ok, to_plain(term)}
  rescue
    _ -> :error
  end

  defp to_plain(%module{} = time) when module in [Date, Time, NaiveDateTime, DateTime], do: module.to_iso8601(time)
  defp to_plain(%{__struct__: Decimal} = decimal), do: to_string(decimal)
  defp to_plain(%_{}), do: raise(ArgumentError)
  defp to_plain(%{} = map), do: Map.new(map, fn {key, value} -> {to_string(key), to_plain(value)} end)
  defp to_plain([head | tail]), do: [to_plain(head) | to_plain(tail)]
  defp to_plain(atom) when is_atom(atom) and atom not in [nil, true, false], do: Atom.to_string(atom)
  defp to_plain(other), do: other

  # The first place of an event that cannot be JSON, by its path and type. The value itself may be private, and is not shown.
  defp problem(encoder, event) do
    case find(encoder, event, []) do
      {path, what} -> "#{path |> Enum.reverse() |> Enum.join(".")} is #{what}, which JSON cannot hold"
      nil -> "event cannot be encoded as JSON"
    end
  end

  defp find(encoder, %{} = map, path) when not is_struct(map) do
    Enum.find_value(map, fn {key, value} ->
      if text?(key), do: find(encoder, value, [name(key) | path]), else: {["a key" | path], what(key)}
    end)
  end

  defp find(encoder, [_ | _] = list, path) do
    if List.improper?(list), do: {path, what(list)}, else: find_in_list(encoder, list, path)
  end

  defp find(encoder, leaf, path) do
    if encode(encoder, %{"leaf" => leaf}) == :error, do: {path, what(leaf)}
  end

  defp find_in_list(encoder, list, path) do
    list |> Enum.with_index() |> Enum.find_value(fn {value, index} -> find(encoder, value, [index | path]) end)
  end

  defp text?(key) when is_atom(key) or is_number(key), do: true
  defp text?(key), do: is_binary(key) and String.valid?(key)

  # The wire's names of what Elixir calls otherwise.
  defp name("userId"), do: "user_id"
  defp name("groupId"), do: "group_id"
  defp name("messageId"), do: "message_id"
  defp name(key), do: key

  defp what(%module{}), do: "a struct #{inspect(module)} without a JSON encoder"
  defp what(term) when is_tuple(term), do: "a tuple"
  defp what(term) when is_pid(term), do: "a process id"
  defp what(term) when is_function(term), do: "a function"
  defp what(term) when is_reference(term), do: "a reference"
  defp what(term) when is_port(term), do: "a port"
  defp what(term) when is_binary(term), do: "text that is not valid UTF-8"
  defp what(term) when is_bitstring(term), do: "a bit string"
  defp what(term) when is_list(term), do: "an improper list"
  defp what(term) when is_integer(term), do: "an integer of more than 64 bits"
  defp what(term) when is_map(term), do: "a map"
  defp what(_term), do: "a term"
end
