defmodule Klime.JSON do
  @moduledoc false
  # Events as JSON, by what the app has: Jason, else Elixir's JSON (1.18), else the Rust half.

  alias Klime.{Native, Plain}

  @compile {:no_warn_undefined, [Jason, JSON]}

  # The core takes 204,800 bytes. What is within this it refuses with all that it knows, and reads it in about a millisecond.
  @most 262_144
  # Of an event that goes nowhere.
  @most_by_hand 2_097_152

  @type encoder :: :jason | :json | :native
  # Why an event is not on its way, and as much of it as can be shown.
  @type refused :: {:invalid | :too_large, String.t(), map()}

  @doc "What encodes; decided once for the whole VM, when klime starts. Who has not started it decides by the first call."
  @spec encoder() :: encoder()
  def encoder, do: :persistent_term.get(__MODULE__, nil) || choose()

  @doc "Decides what encodes. To look for it may take the code server milliseconds, so calls do not."
  @spec choose(encoder()) :: encoder()
  def choose(encoder \\ best()) do
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

  @doc "JSON of an event on its way, or why there is none."
  @spec encode(map()) :: {:ok, binary()} | {:error, refused()}
  def encode(event) do
    encoder = encoder()
    if huge?(encoder, event), do: refused(encoder, event, :too_large), else: bounded(encoder, event)
  end

  defp bounded(encoder, event) do
    case encode(encoder, event, @most) do
      {:ok, json} when byte_size(json) <= @most -> {:ok, json}
      {:ok, _} -> refused(encoder, event, :too_large)
      why -> refused(encoder, event, why)
    end
  end

  defp refused(encoder, event, why) do
    case {why, Plain.of(event, &encodes(encoder, &1))} do
      {_, %Plain{problem: problem, event: shown}} when problem != nil -> {:error, {:invalid, problem, shown}}
      {why, %Plain{whole: whole, event: shown}} when why == :too_large or not whole -> too_large(shown)
      {:odd, %Plain{event: plain}} -> reencode(plain)
      {_, %Plain{event: shown}} -> unencodable(shown)
    end
  end

  defp reencode(event) do
    case encode(:native, event, @most) do
      {:ok, json} -> {:ok, json}
      :too_large -> too_large(event)
      _ -> unencodable(event)
    end
  end

  defp too_large(shown),
    do: {:error, {:too_large, "event is more than #{@most} bytes of JSON, the most is 204800", shown}}

  defp unencodable(shown), do: {:error, {:invalid, "event cannot be encoded as JSON", shown}}

  @doc "JSON of an event that goes nowhere."
  @spec text(map()) :: {:ok, binary()} | {:error, String.t()}
  def text(event) do
    encoder = encoder()

    with why when is_atom(why) <- encode(encoder, event, @most_by_hand),
         {:error, {_, problem, _}} <- refused(encoder, event, why),
         do: {:error, problem}
  end

  # The encoders in Elixir know no bound. What they would take long for is counted first, at a byte for each of its parts at least.
  defp huge?(:native, _event), do: false
  defp huge?(_encoder, event), do: :erlang.external_size(event) > @most and count(event, 0) > @most

  defp count(_term, bytes) when bytes > @most, do: bytes
  # What an encoder makes of it is not known.
  defp count(term, bytes) when is_struct(term), do: bytes + 1
  defp count(map, bytes) when is_map(map), do: count_entries(:maps.next(:maps.iterator(map)), bytes)
  defp count([head | tail], bytes), do: count(tail, count(head, bytes + 1))
  defp count(text, bytes) when is_binary(text), do: bytes + byte_size(text)
  defp count(_term, bytes), do: bytes + 1

  defp count_entries(:none, bytes), do: bytes
  defp count_entries(_, bytes) when bytes > @most, do: bytes

  defp count_entries({key, value, rest}, bytes),
    do: count_entries(:maps.next(rest), count(value, count(key, bytes + 1)))

  defp encode(:native, term, most), do: Native.encode(term, most)

  defp encode(encoder, term, _most) do
    with {:ok, json} <- iodata(encoder, term), do: {:ok, IO.iodata_to_binary(json)}
  catch
    # An encoder of the app's raises or throws what it wants, or returns what is no text.
    _, _ -> :error
  end

  defp iodata(:json, term), do: {:ok, JSON.encode_to_iodata!(term)}

  defp iodata(:jason, term) do
    with {:error, _} <- Jason.encode_to_iodata(term), do: :error
  end

  # What stands for a term that is not plain, and its bytes at least.
  defp encodes(:native, term), do: encodes_natively(term)
  defp encodes(_encoder, term) when is_integer(term) or is_atom(term), do: {:ok, term, 2}

  defp encodes(encoder, term) do
    case encode(encoder, %{"term" => term}, @most) do
      {:ok, json} -> {:ok, term, byte_size(json) + 64}
      _ -> :error
    end
  end

  defp encodes_natively(%module{} = time) when module in [Date, Time, NaiveDateTime, DateTime] do
    {:ok, module.to_iso8601(time), 30}
  rescue
    _ -> :error
  end

  defp encodes_natively(%{__struct__: Decimal} = decimal) do
    text = to_string(decimal)
    {:ok, text, byte_size(text)}
  rescue
    _ -> :error
  end

  defp encodes_natively(atom) when is_atom(atom), do: {:ok, Atom.to_string(atom), 4}
  defp encodes_natively(term) when term in -0x8000_0000_0000_0000..0xFFFF_FFFF_FFFF_FFFF, do: {:ok, term, 2}
  defp encodes_natively(_term), do: :error
end
